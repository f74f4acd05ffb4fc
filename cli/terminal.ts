// How the command line looks: at most a hundred columns, four colours, none where nobody asked for colour. Text in, lines out;
// the process hands in where they go.

export interface Terminal {
  /** A line as it is, or an empty one. */
  readonly line: (text?: string) => void
  /** Sentences, folded at the width. */
  readonly text: (text: string, indent?: number) => void
  readonly paint: (style: Style, text: string) => string
}

export type Style = 'strong' | 'quiet' | 'good' | 'bad'

const codes: Record<Style, readonly [number, number]> = {
  strong: [1, 22],
  quiet: [2, 22],
  good: [32, 39],
  bad: [31, 39],
}

export const width = 100

export interface TerminalOptions {
  readonly write: (text: string) => void
  readonly color: boolean
}

export function makeTerminal({ write, color }: TerminalOptions): Terminal {
  return {
    line: (text = '') => write(`${text}\n`),
    text: (text, indent = 0) => {
      for (const line of toFolded(text, width - indent)) write(`${' '.repeat(indent)}${line}\n`)
    },
    paint: (style, text) => (color ? `\x1b[${codes[style][0]}m${text}\x1b[${codes[style][1]}m` : text),
  }
}

export interface ColorFacts {
  readonly isTTY: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** https://no-color.org: NO_COLOR counts when it is set and not empty. FORCE_COLOR wins over a pipe, never over NO_COLOR. */
export function wantsColor({ isTTY, env }: ColorFacts): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTTY && env['TERM'] !== 'dumb'
}

/** Folds at spaces; a word longer than a line stays whole, because addresses and tokens are there to be copied. */
export function toFolded(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line === '') line = word
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}

/** One line of at most that many columns, for text that others wrote: nothing in it can move a cursor. */
export function toExcerpt(text: string, columns: number): string {
  const safe = text.trim().replace(/\s/g, ' ').replace(/\p{C}/gu, '?')
  const letters = Array.from(safe)
  return letters.length <= columns ? safe : `${letters.slice(0, columns - 1).join('')}…`
}
