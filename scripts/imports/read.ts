import ts from "typescript";
import { realmClasses, runtimeGlobals, timeGlobals } from "./rules.ts";

/** A mention of another module, or of a runtime global, in a module. */
export interface Mention {
  /**
   * The specifier as written, or the global's name; `undefined` for an `import()` of a computed
   * name.
   */
  readonly name: string | undefined;
  readonly kind: "import" | "load" | "global" | "meta";
  readonly line: number;
  /** True if comments tell webpack and Vite to ignore the `import()`. */
  readonly isIgnored?: boolean;
}

const watched = new Set([...runtimeGlobals, ...timeGlobals]);
/** Comments that make bundlers ignore a computed name. */
const IGNORED = ["/* webpackIgnore: true */", "/* @vite-ignore */"];
const anywhere = new Set(["Deno", "Bun"]);

/**
 * Returns all imports of the modules, and the runtime globals that they use. Keys are paths, values
 * are sources.
 */
export function readModules(sources: ReadonlyMap<string, string>): Map<string, Mention[]> {
  const files = new Map<string, ts.SourceFile>();
  for (const [path, text] of sources) {
    files.set(path, ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true));
  }
  // Without libraries and resolved imports, a name that the checker does not know is a global.
  const program = ts.createProgram([...files.keys()], { noLib: true, noResolve: true }, {
    ...{ getSourceFile: (path) => files.get(path), fileExists: (path) => files.has(path) },
    ...{ readFile: (path) => sources.get(path), writeFile() {}, getNewLine: () => "\n" },
    ...{ getDefaultLibFileName: () => "lib.d.ts", getCurrentDirectory: () => "" },
    ...{ getCanonicalFileName: (path) => path, useCaseSensitiveFileNames: () => true },
  });
  const checker = program.getTypeChecker();
  return new Map([...files].map(([path, file]) => [path, readModule(file, checker)]));
}

function readModule(file: ts.SourceFile, checker: ts.TypeChecker): Mention[] {
  const mentions: Mention[] = [];
  const lineAt = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1;
  for (const reference of [...file.referencedFiles, ...file.typeReferenceDirectives]) {
    mentions.push({ name: reference.fileName, kind: "import", line: lineAt(reference.pos) });
  }
  const open: ts.Node[] = [file];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const mention = importOf(node) ?? globalOf(node, checker);
    if (mention !== undefined) mentions.push({ ...mention, line: lineAt(node.getStart(file)) });
    ts.forEachChild(node, (child) => {
      open.push(child);
    });
  }
  return mentions.sort((a, b) => a.line - b.line);
}

function importOf(node: ts.Node): Omit<Mention, "line"> | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return node.moduleSpecifier && { name: textOf(node.moduleSpecifier), kind: "import" };
  }
  if (ts.isExternalModuleReference(node)) {
    return { name: textOf(node.expression), kind: "import" };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { name: textOf(node.argument.literal), kind: "import" };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [name] = node.arguments;
    return {
      // A literal with a cast is a computed name here. In JavaScript it is a literal, and bundlers
      // fail on it.
      name: name !== undefined && ts.isStringLiteralLike(name) ? name.text : undefined,
      kind: "load",
      isIgnored: IGNORED.every((comment) => node.getText().includes(comment)),
    };
  }
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) {
    return { name: "import.meta", kind: "meta" };
  }
  return undefined;
}

/** Returns the text of a string literal, without casts; `undefined` for anything else. */
function textOf(node: ts.Node): string | undefined {
  while (ts.isAsExpression(node) || ts.isParenthesizedExpression(node)) node = node.expression;
  return ts.isStringLiteralLike(node) ? node.text : undefined;
}

function globalOf(node: ts.Node, checker: ts.TypeChecker): Omit<Mention, "line"> | undefined {
  // `x.Deno` and `x["Deno"]` count as the global for any `x`, which may be a cast `globalThis`.
  if (ts.isElementAccessExpression(node)) {
    const name = textOf(node.argumentExpression);
    return name !== undefined && anywhere.has(name) ? { name, kind: "global" } : undefined;
  }
  if (!ts.isIdentifier(node)) return undefined;
  if (isRightOfInstanceof(node)) {
    const name = `instanceof ${node.text}`;
    return realmClasses.includes(name) ? { name, kind: "global" } : undefined;
  }
  if (isNow(node)) {
    return isDeclaredHere(node, checker) ? undefined : { name: "Date.now", kind: "global" };
  }
  if (!watched.has(node.text)) return undefined;
  const isMember = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
  const isGlobal = isMember
    ? anywhere.has(node.text)
    : node.text === "globalThis" || !isDeclaredHere(node, checker);
  return isGlobal ? { name: node.text, kind: "global" } : undefined;
}

function isRightOfInstanceof(node: ts.Identifier): boolean {
  const { parent } = node;
  return ts.isBinaryExpression(parent) && parent.right === node &&
    parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword;
}

/** Returns true for the `Date` of `Date.now` or `new Date()`. */
function isNow(node: ts.Identifier): boolean {
  if (node.text !== "Date") return false;
  const { parent } = node;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
  return ts.isPropertyAccessExpression(parent)
    ? parent.expression === node && parent.name.text === "now"
    : ts.isNewExpression(parent) && parent.expression === node &&
      (parent.arguments?.length ?? 0) === 0;
}

function isDeclaredHere(name: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = ts.isShorthandPropertyAssignment(name.parent)
    ? checker.getShorthandAssignmentValueSymbol(name.parent)
    : checker.getSymbolAtLocation(name);
  // `declare const Deno: ..` only gives the global a type.
  return symbol?.declarations?.some((declaration) => !isAmbient(declaration)) ?? false;
}

function isAmbient(node: ts.Node): boolean {
  for (let at = node; at !== undefined; at = at.parent) {
    if (!ts.canHaveModifiers(at)) continue;
    if (at.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) return true;
  }
  return false;
}
