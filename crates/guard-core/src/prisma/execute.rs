//! Running the project's own Prisma CLI with an environment made from nothing.
