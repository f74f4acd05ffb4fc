// Data of a shape that only the model knows: every text in it is masked, names of fields too, and so is every number that could name
// somebody. Measures stay numbers, for a model that was given words in their place could not go on.
import { maskEverywhere, type OverPlace, type Place, type Start } from '../../../policy/masking/framing/place.ts'
import { maskBase64, maskText, startHeld } from './mask-bytes.ts'

/** `{"b64": ...}` holds bytes, as in the JSON of model servers. */
export function toDataPlace(start: Start): OverPlace {
  const texts = maskEverywhere(start)
  const others = maskEverywhere(startNumbers(start))
  const bytes: Place = { kind: 'String', start: toBase64Start(start), otherwise: others }
  const place: OverPlace = {
    kind: 'Over',
    enter: (step) => (step === 'b64' ? inBytes : place),
    settle: (isString) => (isString ? texts : others),
    knows: (name) => name === 'b64',
  }
  const inBytes: OverPlace = { ...place, settle: (isString) => (isString ? bytes : others) }
  return place
}

export function toBase64Start(start: Start): Start {
  return (at) => startHeld((value) => maskBase64(value, start, at))
}

/**
 * With a fraction, and no more digits before it than a measure has. Its digits are noise, and enough of them look like whatever is asked
 * for: of all scores between 0 and 1, one in seventy would pass for the number of a card.
 */
const measure = /^-?\d{1,7}\.\d*[1-9]\d*(?:[eE]-?\d{1,3})?$/u

/** Of one document. A picture is hundreds of thousands of numbers, and no more than 256 different ones. */
function startNumbers(start: Start): Start {
  const clean = new Set<string>()
  return (at) =>
    startHeld((literal) => {
      if (measure.test(literal)) return literal
      const known = `${literal} ${at.key ?? ''}`
      if (clean.has(known)) return literal
      const masked = maskText(literal, start, at)
      if (masked === literal && clean.size < maxKnown) clean.add(known)
      return masked
    })
}

const maxKnown = 4_096
