'use strict'

require('../index.js').validateDatabaseUrlEarly()
