// Other data for a server-sent event (WHATWG HTML §9.2): its name, id, retry time and comments stay byte for byte.

/** `raw` is one whole event with its blank line, as it came. */
export function replaceSseData(raw: string, data: string): string {
  const [, line, ends] = oneLine.exec(raw) ?? []
  if (line === undefined || ends === undefined || data.includes('\n') || data.includes('\r'))
    return replaceLines(raw, data)
  return toValue(line) === data ? raw : `data: ${data}${ends}`
}

/** Most events are no more than this. */
const oneLine = /^(data:[^\r\n]*)([\r\n]+)$/u

function replaceLines(raw: string, data: string): string {
  const lines = [...raw.matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/gu)].map(([line, text = '', end = '']) => ({
    line,
    text,
    end,
  }))
  const values = lines.filter(({ text }) => isData(text)).map(({ text }) => toValue(text))
  if (values.join('\n') === data) return raw
  const parts = data.split(/\r\n|\r|\n/u)
  let isWritten = false
  const kept = lines.map(({ line, text, end }) => {
    if (!isData(text)) return line
    if (isWritten) return ''
    isWritten = true
    return parts.map((part) => `data: ${part}`).join(end === '' ? '\n' : end) + end
  })
  return kept.join('')
}

function isData(line: string): boolean {
  return line === 'data' || line.startsWith('data:') || line === '\ufeffdata' || line.startsWith('\ufeffdata:')
}

function toValue(line: string): string {
  const colon = line.indexOf(':')
  return colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
}
