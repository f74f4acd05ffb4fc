// Turns a CRD into the field reference of its manual page: every field with its type, its bounds and its whole description,
// and every rule with the message a person gets. Pure; the page around it is written by hand.
import type { Crd, Schema } from './crd.ts'

export const REFERENCE_BEGIN = '<!-- Generated from the CRD by `npm run generate`; do not edit below. -->'
export const REFERENCE_END = '<!-- End of the generated part. -->'

interface Field {
  readonly path: string
  readonly schema: Schema
  readonly isRequired: boolean
}

/** The page with its generated part replaced. */
export function spliceReference(page: string, crd: Crd): string {
  const begin = page.indexOf(REFERENCE_BEGIN)
  const end = page.indexOf(REFERENCE_END)
  if (begin === -1 || end < begin) throw new Error(`the page of ${crd.spec.names.kind} has no place for its fields`)
  return `${page.slice(0, begin + REFERENCE_BEGIN.length)}\n\n${toReference(crd)}\n${page.slice(end)}`
}

export function toReference(crd: Crd): string {
  const root = crd.spec.versions[0]?.schema.openAPIV3Schema
  if (root === undefined) throw new Error(`${crd.metadata.name} has no version`)
  const parts = ['spec', 'status'].flatMap((name) => {
    const schema = root.properties?.[name]
    return schema === undefined ? [] : [toPart({ path: name, schema, isRequired: name === 'spec' })]
  })
  return [toRules('the object', root), ...parts].filter((text) => text !== '').join('\n')
}

function toPart(part: Field): string {
  const children = listChildren(part)
  const own = `### ${part.path}\n\n${toText(part.schema.description)}\n`
  return [own, toRules(part.path, part.schema), ...children.map(toField)].filter((text) => text !== '').join('\n')
}

/** A field of spec or status with everything below it. */
function toField(field: Field): string {
  const below = listDescendants(field)
  const lines = below.map((one) => `- \`${one.path}\` (${toTraits(one)}): ${toText(one.schema.description)}`)
  const rules = [field, ...below].map((one) => toRules(`\`${one.path}\``, one.schema)).filter((text) => text !== '')
  return [
    `#### \`${field.path}\`\n\n*${toTraits(field)}*\n\n${toText(field.schema.description)}\n`,
    ...(lines.length === 0 ? [] : [`${lines.join('\n')}\n`]),
    ...rules,
  ].join('\n')
}

function toRules(place: string, schema: Schema): string {
  const messages = (schema['x-kubernetes-validations'] ?? []).map((rule) => `- ${toText(rule.message)}`)
  return messages.length === 0 ? '' : `What the API server holds ${place} to:\n\n${messages.join('\n')}\n`
}

function listChildren({ path, schema }: Field): readonly Field[] {
  const owner = schema.type === 'array' ? schema.items : schema
  const base = schema.type === 'array' ? `${path}[]` : path
  return Object.entries(owner?.properties ?? {}).map(([name, child]) => ({
    path: `${base}.${name}`,
    schema: child,
    isRequired: owner?.required?.includes(name) ?? false,
  }))
}

function listDescendants(field: Field): readonly Field[] {
  const item: readonly Field[] =
    field.schema.type === 'array' && hasRules(field.schema.items)
      ? [{ path: `${field.path}[]`, schema: field.schema.items, isRequired: true }]
      : []
  return [...item, ...listChildren(field).flatMap((child) => [child, ...listDescendants(child)])]
}

/** An item is worth a line of its own only for the rules that stand on it. */
function hasRules(item: Schema | undefined): item is Schema {
  return (item?.['x-kubernetes-validations'] ?? []).length > 0
}

function toTraits({ schema, isRequired }: Field): string {
  return [toTypeName(schema), ...toBounds(schema), ...(isRequired ? ['required'] : [])].join(', ')
}

function toTypeName(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(' or ')
  if (schema.type === 'array') return toListName(schema)
  if (schema.additionalProperties !== undefined) return 'map of strings'
  return schema.format === 'date-time' ? 'date and time' : (schema.type ?? 'any')
}

function toListName(schema: Schema): string {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const noun = schema.items?.type === 'object' ? 'objects' : 'strings'
  return keys.length === 0 ? `list of ${noun}` : `list of ${noun} by ${keys.join(' and ')}`
}

function toBounds(schema: Schema): readonly string[] {
  const bounds = [
    toRange(schema.minLength, schema.maxLength, 'characters'),
    toRange(schema.minimum, schema.maximum, ''),
    toRange(schema.minItems, schema.maxItems, 'items'),
    toRange(
      schema.minProperties,
      schema.maxProperties,
      schema.additionalProperties === undefined ? 'fields' : 'entries',
    ),
  ]
  return bounds.filter((bound) => bound !== undefined)
}

function toRange(low: number | undefined, high: number | undefined, noun: string): string | undefined {
  if (low === undefined && high === undefined) return undefined
  if (high === undefined) return `at least ${low} ${noun}`.trim()
  return (low === undefined ? `at most ${high} ${noun}` : `${low} to ${high} ${noun}`).trim()
}

function toText(description: string | undefined): string {
  return (description ?? '').replaceAll(/\s+/g, ' ').replaceAll('<', '&lt;').replaceAll('*', '\\*').trim()
}
