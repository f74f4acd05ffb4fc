// The check digits of machine-readable passports (ICAO 9303): weights 7, 3, 1 over digits, letters from 10 and fillers as 0.

function checkDigit(text: string): number {
  let sum = 0
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index)
    sum += (letter === '<' ? 0 : Number.parseInt(letter, 36)) * ([7, 3, 1][index % 3] ?? 0)
  }
  return sum % 10
}

/** The second line of a passport: number, birth date and expiry each with their check, and one over them all. */
export function isPassportLine(candidate: string): boolean {
  const line = candidate.slice(-44).toUpperCase()
  if (line.length !== 44) return false
  const fields = [
    [line.slice(0, 9), line.charAt(9)],
    [line.slice(13, 19), line.charAt(19)],
    [line.slice(21, 27), line.charAt(27)],
    [line.slice(0, 10) + line.slice(13, 20) + line.slice(21, 43), line.charAt(43)],
  ] as const
  return fields.every(([text, check]) => checkDigit(text) === Number(check))
}
