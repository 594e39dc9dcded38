-- What a shop holds after its first two migrations and some weeks of business. Dates as @prisma/adapter-libsql 7.10.0 writes them.
INSERT INTO "Category" ("id", "name", "parentId") VALUES (1, 'Home', NULL), (2, 'Kitchen', 1), (3, 'Office', NULL);

INSERT INTO "Product" ("id", "sku", "name", "priceCents", "stock", "weightGrams", "categoryId") VALUES
  (1, 'KIT-0101', 'Moka pot, 6 cups', 3495, 42, 720, 2),
  (2, 'KIT-0114', 'Coffee grinder, hand-cranked', 7900, 17, NULL, 2),
  (3, 'KIT-0207', 'Cast-iron pan, 26 cm', 5450, 23, 2650, 2),
  (4, 'HOM-0033', 'Linen tablecloth, 140 x 240', 6400, 11, NULL, 1),
  (5, 'OFF-0009', 'Desk lamp, brass', 11900, 8, 1840, 3);

INSERT INTO "Customer" ("id", "email", "name", "createdAt") VALUES
  (1, 'ada.verhoeven@example.com', 'Ada Verhoeven', '2026-03-20T09:12:00.000+00:00'),
  (2, 'jonas.lindqvist@example.com', 'Jonas Lindqvist', '2026-04-02T17:45:00.000+00:00'),
  (3, 'marta.kowalczyk@example.com', 'Marta Kowalczyk', '2026-06-11T08:03:00.000+00:00');

INSERT INTO "Address" ("id", "customerId", "street", "city", "postalCode", "country") VALUES
  (1, 1, 'Prinsengracht 14', 'Amsterdam', '1015 DK', 'NL'),
  (2, 2, 'Storgatan 8', 'Malmö', '211 42', 'SE'),
  (3, 3, 'ul. Długa 31', 'Kraków', '31-147', 'PL');

INSERT INTO "Order" ("id", "number", "status", "placedAt", "customerId", "addressId") VALUES
  (1, 'S-2026-0001', 'SHIPPED', '2026-09-02T10:00:00.000+00:00', 1, 1),
  (2, 'S-2026-0002', 'SHIPPED', '2026-09-18T10:00:00.000+00:00', 2, 2),
  (3, 'S-2026-0003', 'PAID', '2026-10-05T10:00:00.000+00:00', 3, 3),
  (4, 'S-2026-0004', 'CANCELLED', '2026-10-27T10:00:00.000+00:00', 1, 1);

INSERT INTO "OrderLine" ("orderId", "productId", "quantity", "unitPriceCents") VALUES
  (1, 1, 1, 3495), (1, 3, 1, 5450), (2, 5, 1, 11900), (3, 3, 2, 5450), (3, 4, 1, 6400), (4, 2, 1, 7900);

INSERT INTO "Payment" ("orderId", "method", "amountCents", "receivedAt") VALUES
  (1, 'IDEAL', 8945, '2026-09-02T10:01:00.000+00:00'),
  (2, 'CARD', 11900, '2026-09-18T10:02:00.000+00:00'),
  (3, 'CARD', 17300, '2026-10-05T10:00:30.000+00:00');
