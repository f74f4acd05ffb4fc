// Texts of any code points at all. fast-check has them too (`unit: 'binary'`), and takes seconds to prepare them.
import fc from 'fast-check'

const afterSurrogates = 0xe0_00
const surrogates = 0x8_00

/** Every code point that UTF-8 can write. */
const sign = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc
    .integer({ min: 0, max: 0x10_ff_ff - surrogates })
    .map((n) => (n < afterSurrogates - surrogates ? n : n + surrogates)),
)

export function anyText(options: { readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.array(sign, options).map((signs) => String.fromCodePoint(...signs))
}
