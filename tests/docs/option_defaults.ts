import ts from "typescript";

/** An optional property of an interface, with its default. */
export interface OptionDefault {
  /** The interface and the property, such as `ProducerOptions.connections`. */
  readonly name: string;
  /** The text of the tag `@default` in its doc comment. */
  readonly told: string | undefined;
  /** The constants that the code uses when the option is missing, as text. */
  readonly used: readonly string[];
}

/** Reads the optional properties of all interfaces in the modules, with their defaults. */
export function readDefaults(paths: readonly string[]): OptionDefault[] {
  const program = ts.createProgram([...paths], {
    allowImportingTsExtensions: true,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noEmit: true,
    target: ts.ScriptTarget.ESNext,
    types: [],
  });
  const checker = program.getTypeChecker();
  const options = new Map<ts.Declaration, OptionDefault & { readonly used: string[] }>();
  const files = paths.map((path) => program.getSourceFile(path)!);
  for (const file of files) {
    visit(file, (node) => {
      if (!ts.isPropertySignature(node) || !ts.isInterfaceDeclaration(node.parent)) return;
      if (node.questionToken === undefined) return;
      const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === "default");
      const name = `${node.parent.name.text}.${node.name.getText()}`;
      options.set(node, { name, told: ts.getTextOfJSDocComment(tag?.comment), used: [] });
    });
  }
  const use = (option: ts.Symbol | undefined, text: string | undefined) => {
    if (text === undefined) return;
    for (const declaration of option?.declarations ?? []) options.get(declaration)?.used.push(text);
  };
  for (const file of files) {
    visit(file, (node) => {
      if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
        // const { option = value } = options;
        const { initializer } = node;
        if (initializer !== undefined) use(boundTo(node, checker), valueOf(initializer, checker));
      } else if (ts.isBinaryExpression(node)) {
        const { left, right } = node;
        const { kind } = node.operatorToken;
        if (kind === ts.SyntaxKind.QuestionQuestionToken) {
          // options.option ?? value, or check(options.option) ?? value
          const option = ts.isCallExpression(left) ? left.arguments[0] ?? left : left;
          use(optionOf(option, checker), valueOf(right, checker));
        } else if (isComparison(kind) && right.kind === ts.SyntaxKind.TrueKeyword) {
          // options.option === true
          use(optionOf(left, checker), "false");
        }
      } else if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
        // check("option", options.option, value), or { fallback: value } as the last argument
        const last = node.arguments.at(-1);
        const option = node.arguments.slice(0, -1).map((argument) => optionOf(argument, checker))
          .find((one) => one !== undefined);
        if (last !== undefined) use(option, valueOf(fallbackIn(last, checker) ?? last, checker));
      }
    });
  }
  return [...options.values()];
}

function visit(node: ts.Node, use: (node: ts.Node) => void): void {
  use(node);
  ts.forEachChild(node, (child) => visit(child, use));
}

function isComparison(kind: ts.SyntaxKind): boolean {
  const { EqualsEqualsEqualsToken, ExclamationEqualsEqualsToken } = ts.SyntaxKind;
  return kind === EqualsEqualsEqualsToken || kind === ExclamationEqualsEqualsToken;
}

/** Returns the property that a destructuring binds. */
function boundTo(node: ts.BindingElement, checker: ts.TypeChecker): ts.Symbol | undefined {
  const name = (node.propertyName ?? node.name).getText();
  return checker.getTypeAtLocation(node.parent).getProperty(name);
}

/** Returns the property that `options.option` reads, also if a destructuring did it before. */
function optionOf(node: ts.Node, checker: ts.TypeChecker): ts.Symbol | undefined {
  if (ts.isPropertyAccessExpression(node)) return checker.getSymbolAtLocation(node.name);
  const declaration = ts.isIdentifier(node)
    ? checker.getSymbolAtLocation(node)?.valueDeclaration
    : undefined;
  return declaration !== undefined && ts.isBindingElement(declaration)
    ? boundTo(declaration, checker)
    : undefined;
}

/** Returns the value of the property `fallback` of an object. */
function fallbackIn(node: ts.Expression, checker: ts.TypeChecker): ts.Expression | undefined {
  const object = ts.isIdentifier(node) ? initializerOf(node, checker) : node;
  if (object === undefined || !ts.isObjectLiteralExpression(object)) return undefined;
  const property = object.properties.find(({ name }) => name?.getText() === "fallback");
  return property !== undefined && ts.isPropertyAssignment(property)
    ? property.initializer
    : undefined;
}

/** Returns the expression that a name stands for. */
function initializerOf(node: ts.Expression, checker: ts.TypeChecker): ts.Expression | undefined {
  const name = ts.isPropertyAccessExpression(node) ? node.name : node;
  const symbol = checker.getSymbolAtLocation(name);
  const isImported = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  const { valueDeclaration } = (isImported ? checker.getAliasedSymbol(symbol) : symbol) ?? {};
  const hasValue = valueDeclaration !== undefined &&
    (ts.isVariableDeclaration(valueDeclaration) || ts.isPropertyAssignment(valueDeclaration));
  return hasValue ? valueDeclaration.initializer : undefined;
}

/** Computes a constant; returns `undefined` if the expression is not one. */
function valueOf(node: ts.Expression, checker: ts.TypeChecker): string | undefined {
  if (ts.isNumericLiteral(node)) return String(Number(node.text));
  if (ts.isStringLiteral(node)) return JSON.stringify(node.text);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return "true";
  if (node.kind === ts.SyntaxKind.FalseKeyword) return "false";
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AsteriskToken) {
    const [left, right] = [node.left, node.right].map((part) => valueOf(part, checker));
    return left === undefined || right === undefined ? undefined : String(+left * +right);
  }
  if (node.getText() === "Infinity") return "Infinity";
  if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return undefined;
  const initializer = initializerOf(node, checker);
  return initializer === undefined ? undefined : valueOf(initializer, checker);
}

/** Returns the values in a text about a default: numbers, quoted texts, booleans. */
export function valuesIn(text: string): string[] {
  const plain = text.replaceAll("`", "").replaceAll(/(?<=\d)[,_](?=\d{3})/g, "")
    .replaceAll(/\bunlimited\b/g, "Infinity");
  return plain.match(/"[^"]*"|(?<!\w)-?\d+(?:\.\d+)?\b|\b(?:true|false|Infinity)\b/g) ?? [];
}
