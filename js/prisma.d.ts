/** Loading this runs the Prisma CLI of the project behind the gate, with the arguments of the process. */
export {}
