// The name of a field as words, for detectors that ask for words of context: `patientSSN`, `patient_ssn` and `patient-ssn` are alike.

/** Longer names are data rather than names. */
const longest = 64

export function toContextText(key: string | undefined): string {
  if (key === undefined || key === '') return ''
  const words = key
    .slice(0, longest)
    .replaceAll(/([a-z0-9])([A-Z])/gu, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/gu, '$1 $2')
    .replaceAll(/[^A-Za-z0-9]+/gu, ' ')
  return `${words}: `
}
