// Which tests of the CEL specification this engine answers for. Those that need protobuf messages, enums or wrappers are out: the
// engine has none. So is block_ext, which tests a form that only compilers write.

export interface SpecTest {
  readonly file: string
  readonly section: string
  readonly name: string
  readonly original: Original
  /** What cel-go deduced; absent where its check failed. */
  readonly type?: string
}

export interface Original {
  readonly expr: string
  readonly container?: string
  readonly disableCheck?: boolean
  readonly checkOnly?: boolean
  readonly typeEnv?: readonly unknown[]
  readonly bindings?: Readonly<Record<string, { readonly value?: unknown }>>
  readonly value?: unknown
  readonly typedResult?: { readonly result?: unknown; readonly deducedType?: unknown }
  readonly evalError?: unknown
}

/** The name that a known failure is listed under. */
export function idOf({ file, section, name }: SpecTest): string {
  return `${file}/${section}/${name}`
}

const messages =
  /TestAllTypes|NestedTestAllTypes|GlobalEnum|NestedEnum|cel\.expr\.conformance|google\.protobuf\.(?!Timestamp\b|Duration\b)|messageType|enumValue|"wrapper"/u

const objects = /"@type":"type\.googleapis\.com\/(?!google\.protobuf\.(?:Timestamp|Duration)")/u

/** Why a test is out, or undefined where it counts. */
export function excludedBecause({ file, original }: SpecTest): string | undefined {
  if (file === 'block_ext') return 'block_ext'
  if (original.container === 'google.protobuf') return 'protobuf messages'
  const text = JSON.stringify(original)
  return messages.test(text.replaceAll(/"@type":"[^"]*"/gu, '')) || objects.test(text) ? 'protobuf messages' : undefined
}
