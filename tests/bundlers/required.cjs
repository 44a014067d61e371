// The package as a module in CommonJS gets it.

const { Producer } = require("@faktory-ts/faktory");

module.exports = { Producer };
