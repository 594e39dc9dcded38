#!/usr/bin/env node
'use strict'

require('../js/prisma.js')
