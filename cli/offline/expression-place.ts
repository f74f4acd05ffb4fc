// Where a character of an expression stands in the file around it. YAML writes one text in five ways; where a way keeps no
// places (folded text, escapes), the answer is undefined and the place of the whole text has to do.
import type { Node } from 'yaml'
import { isScalar } from 'yaml'
import type { Place, Source } from './source.ts'
import { toPlace } from './source.ts'

/** Both from 1, inside the text. */
export interface Position {
  readonly line: number
  readonly column: number
}

export function placeInText(source: Source, node: Node | undefined, position: Position): Place | undefined {
  if (!isScalar(node) || typeof node.value !== 'string') return undefined
  const [start, end] = node.range ?? []
  if (start === undefined || end === undefined) return undefined
  const offset =
    node.type === 'BLOCK_LITERAL'
      ? offsetInLiteral(source.text.slice(start, end), position)
      : offsetInFlow(source.text.slice(start, end), { value: node.value, position })
  return offset === undefined ? undefined : toPlace(source, start + offset)
}

/** After the header `|` come the lines as they are, each behind the same indentation. */
function offsetInLiteral(written: string, { line, column }: Position): number | undefined {
  const lines = written.split('\n')
  const [header = '', ...content] = lines
  const indent = toIndent(header, content)
  const wanted = content[line - 1]
  if (wanted === undefined || indent === undefined) return undefined
  const before = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0)
  return before + Math.min(indent + column - 1, wanted.length)
}

/** With an indicator of its own (`|2`) the first line may be indented deeper than the text; that is rare and not worked out. */
function toIndent(header: string, content: readonly string[]): number | undefined {
  if (/[1-9]/.test(header.split('#', 1)[0] ?? '')) return undefined
  const first = content.find((line) => line.trim() !== '') ?? ''
  return first.length - first.trimStart().length
}

/** On one line and without escapes, what is written is what is meant. */
function offsetInFlow(
  written: string,
  { value, position }: { readonly value: string; readonly position: Position },
): number | undefined {
  const quote = written.startsWith("'") || written.startsWith('"') ? 1 : 0
  const offset = position.column - 1
  if (position.line !== 1 || written.includes('\n')) return undefined
  if (written.startsWith("'")) return quote + offset + (value.slice(0, offset).split("'").length - 1)
  return written.slice(quote, quote + offset) === value.slice(0, offset) ? quote + offset : undefined
}
