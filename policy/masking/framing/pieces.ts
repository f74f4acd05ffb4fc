// Makes one more event out of an event that was sent: the same JSON with other texts in the strings that brought pieces.

/** Where a string begins in the JSON, after its quote, and what is to stand in it. */
export interface Filling {
  readonly at: number
  readonly text: string
}

/** `fillings` in the order of the text. */
export function fillPieces(json: string, fillings: readonly Filling[]): string {
  let result = ''
  let done = 0
  for (const { at, text } of fillings) {
    result += json.slice(done, at) + JSON.stringify(text).slice(1, -1)
    done = endOfString(json, at)
  }
  return result + json.slice(done)
}

function endOfString(json: string, from: number): number {
  for (let at = from; at < json.length; at += 1) {
    const unit = json[at]
    if (unit === '"') return at
    if (unit === '\\') at += 1
  }
  return json.length
}
