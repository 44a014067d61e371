/** A server's reply to a command. */
export type Reply =
  /** `+text` */
  | { readonly kind: "status"; readonly text: string }
  /** `-text`, including the code word. */
  | { readonly kind: "error"; readonly text: string }
  /** `:n` */
  | { readonly kind: "integer"; readonly value: number }
  /** `$n` and n bytes of text; `null` for `$-1`. */
  | { readonly kind: "bulk"; readonly text: string | null };
