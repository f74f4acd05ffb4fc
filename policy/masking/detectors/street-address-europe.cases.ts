// Cases of street-address-europe.ts.
import type { DetectorCases } from './cases.ts'

export const streetAddressEuropeCases: DetectorCases = {
  positives: ['«Hauptstraße 12»', 'wohnt «Lindenallee 7b»', '«Calle de Alcalá 45»', '«Via Roma 7»'],
  negatives: ['die Straße ist lang', 'via email 5'],
  evasions: ['«Hauptstraße \uff11\uff12»', '«Hauptstraße\u00a012»', '«Haupt\u00adstraße 12»'],
  missed: ['haupt straße 12', 'zwölf Hauptstraße'],
}
