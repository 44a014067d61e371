// Loads the package in a CommonJS module.

const { Producer } = require("@faktory-ts/faktory");

module.exports = { Producer };
