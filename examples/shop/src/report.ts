import { prisma } from '../lib/prisma'

const euros = (cents: number) => (cents / 100).toFixed(2)

/** Sales by product, best first: what was ordered and not cancelled. */
async function salesByProduct() {
  const lines = await prisma.orderLine.findMany({
    where: { order: { status: { not: 'CANCELLED' } } },
    include: { product: { include: { category: true } } }
  })
  const rows = new Map<number, { product: string; category: string; sold: number; cents: number }>()
  for (const { product, quantity, unitPriceCents } of lines) {
    const row = rows.get(product.id) ?? { product: product.name, category: product.category.name, sold: 0, cents: 0 }
    row.sold += quantity
    row.cents += quantity * unitPriceCents
    rows.set(product.id, row)
  }
  return [...rows.values()].sort((one, other) => other.cents - one.cents)
}

function table(rows: string[][], rightFrom: number) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  for (const row of rows) {
    console.log(row.map((cell, column) => (column >= rightFrom ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd())
  }
}

async function main() {
  const sales = await salesByProduct()
  const orders = await prisma.order.count({ where: { status: { not: 'CANCELLED' } } })
  const total = sales.reduce((sum, row) => sum + row.cents, 0)
  console.log(`Sales: ${orders} orders, ${euros(total)} euros`)
  table([['product', 'category', 'sold', 'euros'], ...sales.map((row) => [row.product, row.category, String(row.sold), euros(row.cents)])], 2)
}

main()
  .catch((error) => {
    console.error(error)
    process.exitCode = 1
  })
  .finally(() => prisma.$disconnect())
