// The gate as a script: refuses direct execution, validates the URL early, lets the approved path through.
require('@org/prisma-guard/prisma')
