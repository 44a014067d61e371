// deno-lint-ignore ban-types -- a class, whatever its constructor takes
type Class = Function & { readonly prototype: object };

function symbolOf(name: string): symbol {
  return Symbol.for(`@faktory-ts/faktory/${name}`);
}

/**
 * Lets `instanceof` recognise the objects of these classes that another copy of the package has
 * made. A program has two copies if it uses the package by `import` and by `require()` on some
 * versions of Node, or if its dependencies bring another version, or in Jest, whose tests run in a
 * realm of their own.
 *
 * The names are keys of an object, as bundlers shorten the names of classes. Classes derived from
 * these by a user are compared as ever. `read` reads what an object holds privately, for {@linkcode
 * insidesOf}.
 */
export function brand(
  classes: Readonly<Record<string, Class>>,
  read: (object: never) => unknown = () => {},
): void {
  const ordinary = Function.prototype[Symbol.hasInstance];
  for (const [name, Class] of Object.entries(classes)) {
    const symbol = symbolOf(name);
    Object.defineProperty(Class.prototype, symbol, { value: read });
    Object.defineProperty(Class, Symbol.hasInstance, {
      value(this: Class, value: Record<symbol, unknown> | undefined | null): boolean {
        return this === Class ? value?.[symbol] !== undefined : ordinary.call(this, value);
      },
    });
  }
}

/**
 * What an object of the class of this name holds, whichever copy of the package has made it;
 * `undefined` of any other value.
 */
export function insidesOf<T>(name: string, object: unknown): T | undefined {
  const read = (object as Record<symbol, (object: unknown) => T> | undefined | null)
    ?.[symbolOf(name)];
  return read?.(object);
}
