// The check digits of machine-readable passports (ICAO 9303): weights 7, 3, 1 over digits, letters from 10 and fillers as 0.

function checkDigit(text: string): number {
  let sum = 0
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index)
    sum += (letter === '<' ? 0 : Number.parseInt(letter, 36)) * ([7, 3, 1][index % 3] ?? 0)
  }
  return sum % 10
}

/** The second line of a passport: number, birth date and expiry each with their check. */
export function isPassportLine(candidate: string): boolean {
  const line = candidate.slice(-44).toUpperCase()
  return (
    [
      [0, 9],
      [13, 19],
      [21, 27],
    ] as const
  ).every(([start, end]) => checkDigit(line.slice(start, end)) === Number(line.charAt(end)))
}
