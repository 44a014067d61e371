// deno-lint-ignore ban-types -- a class, whatever its constructor takes
type Class = Function & { readonly prototype: object };

function symbolOf(name: string): symbol {
  return Symbol.for(`@faktory-ts/faktory/${name}`);
}

/**
 * Makes `instanceof` work for objects that another copy of the package created. A program has two
 * copies if it uses both `import` and `require()` on some versions of Node, if a dependency brings
 * another version, or in Jest, which runs tests in a separate realm.
 *
 * The names are passed as keys, because bundlers shorten the names of classes. Subclasses that
 * users define are compared as usual. `read` returns an object's private state, for {@linkcode
 * internalsOf}.
 *
 * A class that a program may not use is branded in a static field, by a call that is marked as
 * pure. With a static block or a call outside, bundlers keep the class and everything it refers to.
 * Returns true, as the value of such a field.
 */
export function brand(
  classes: Readonly<Record<string, Class>>,
  read: (object: never) => unknown = () => {},
): true {
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
  return true;
}

/**
 * Returns the private state of an object of the class with this name, from any copy of the package;
 * `undefined` for other values.
 */
export function internalsOf<T>(name: string, object: unknown): T | undefined {
  const read = (object as Record<symbol, (object: unknown) => T> | undefined | null)
    ?.[symbolOf(name)];
  return read?.(object);
}
