import '@org/prisma-guard/register'
import { validateDatabaseUrlEarly } from '@org/prisma-guard'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '@prisma/client'

// What is checked is what is used: the adapter gets the very connection string that was classified.
const adapter = new PrismaLibSql({ url: validateDatabaseUrlEarly().url })

export const prisma = new PrismaClient({ adapter })
