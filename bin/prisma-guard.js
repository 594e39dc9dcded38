#!/usr/bin/env node
'use strict'

process.exitCode = require('../js/cli.js')(process.argv.slice(2))
