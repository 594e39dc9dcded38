/** Import this first in the module that creates the Prisma client: it calls `validateDatabaseUrlEarly()`. */
export {}
