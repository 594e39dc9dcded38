import { prisma } from '../lib/prisma'

const euros = (amount: number) => Math.round(amount * 100)
const day = (date: string) => new Date(`${date}T10:00:00.000Z`)

async function catalogue() {
  const home = await prisma.category.create({ data: { name: 'Home' } })
  const kitchen = await prisma.category.create({ data: { name: 'Kitchen', parentId: home.id } })
  const office = await prisma.category.create({ data: { name: 'Office' } })
  await prisma.product.createMany({
    data: [
      { sku: 'KIT-0101', name: 'Moka pot, 6 cups', priceCents: euros(34.95), stock: 42, weightGrams: 720, categoryId: kitchen.id },
      { sku: 'KIT-0114', name: 'Coffee grinder, hand-cranked', priceCents: euros(79), stock: 17, weightGrams: 980, categoryId: kitchen.id },
      { sku: 'KIT-0207', name: 'Cast-iron pan, 26 cm', priceCents: euros(54.5), stock: 23, weightGrams: 2650, categoryId: kitchen.id },
      { sku: 'HOM-0033', name: 'Linen tablecloth, 140 x 240', priceCents: euros(64), stock: 11, weightGrams: 610, categoryId: home.id },
      { sku: 'OFF-0009', name: 'Desk lamp, brass', priceCents: euros(119), stock: 8, weightGrams: 1840, categoryId: office.id },
      { sku: 'OFF-0021', name: 'Notebook, dotted, A5', priceCents: euros(12.5), stock: 240, weightGrams: 310, categoryId: office.id }
    ]
  })
}

async function customer(name: string, email: string, street: string, postalCode: string, city: string, country: string, newsletter: boolean) {
  return prisma.customer.create({
    data: { name, email, newsletter, addresses: { create: { street, postalCode, city, country } } },
    include: { addresses: true }
  })
}

type Buyer = Awaited<ReturnType<typeof customer>>

async function order(buyer: Buyer, number: string, date: string, method: 'CARD' | 'IDEAL' | 'INVOICE', lines: [sku: string, quantity: number][], paid = true) {
  const products = await prisma.product.findMany({ where: { sku: { in: lines.map(([sku]) => sku) } } })
  const priced = lines.map(([sku, quantity]) => {
    const product = products.find((candidate) => candidate.sku === sku)
    if (!product) throw new Error(`No product has the article number ${sku}`)
    return { productId: product.id, quantity, unitPriceCents: product.priceCents }
  })
  const amountCents = priced.reduce((sum, line) => sum + line.quantity * line.unitPriceCents, 0)
  const address = buyer.addresses[0]
  if (!address) throw new Error(`${buyer.name} has no address`)
  await prisma.order.create({
    data: {
      number,
      placedAt: day(date),
      status: paid ? 'SHIPPED' : 'PLACED',
      customerId: buyer.id,
      addressId: address.id,
      lines: { create: priced },
      payments: { create: { method, amountCents, receivedAt: paid ? day(date) : null } },
      shipments: paid ? { create: { carrier: 'PostNL', trackingCode: `3S${number.replace(/\D/g, '')}`, handedOverAt: day(date) } } : undefined
    }
  })
}

async function main() {
  if (await prisma.customer.count()) return console.log('The shop holds data already: nothing seeded.')
  await catalogue()
  const ada = await customer('Ada Verhoeven', 'ada.verhoeven@example.com', 'Prinsengracht 14', '1015 DK', 'Amsterdam', 'NL', true)
  const jonas = await customer('Jonas Lindqvist', 'jonas.lindqvist@example.com', 'Storgatan 8', '211 42', 'Malmö', 'SE', false)
  const marta = await customer('Marta Kowalczyk', 'marta.kowalczyk@example.com', 'ul. Długa 31', '31-147', 'Kraków', 'PL', true)
  await order(ada, 'S-2026-0001', '2026-09-02', 'IDEAL', [['KIT-0101', 1], ['OFF-0021', 4]])
  await order(jonas, 'S-2026-0002', '2026-09-18', 'CARD', [['OFF-0009', 1]])
  await order(marta, 'S-2026-0003', '2026-10-05', 'CARD', [['KIT-0207', 1], ['HOM-0033', 1]])
  await order(ada, 'S-2026-0004', '2026-10-27', 'IDEAL', [['KIT-0114', 1]])
  await order(jonas, 'S-2026-0005', '2026-11-16', 'INVOICE', [['OFF-0021', 20]], false)
  const pan = await prisma.product.findUniqueOrThrow({ where: { sku: 'KIT-0207' } })
  await prisma.review.create({ data: { productId: pan.id, customerId: marta.id, stars: 5, text: 'Heavy, as it should be.' } })
  console.log('Seeded 6 products, 3 customers and 5 orders.')
}

main()
  .catch((error) => {
    console.error(error)
    process.exitCode = 1
  })
  .finally(() => prisma.$disconnect())
