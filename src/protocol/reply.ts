/** What a server answers to one command. */
export type Reply =
  /** `+text` */
  | { readonly kind: "status"; readonly text: string }
  /** `-text`, the code word included. */
  | { readonly kind: "error"; readonly text: string }
  /** `:n` */
  | { readonly kind: "integer"; readonly value: number }
  /** `$n` and n bytes of text; `null` for `$-1`. */
  | { readonly kind: "bulk"; readonly text: string | null };
