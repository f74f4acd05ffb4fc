// What a connection declares about one phase of its calls (`spec.content`), made ready to read with: JSON pointers as a tree, parts
// of forms by name, media types by name. What contradicts itself is told by policy/content.ts; here it declares nothing.
import type { ModelConnectionContent } from '../../../crds/generated/model-connection.ts'
import type { ContentField, ContentMedia } from '../../../policy/content.ts'
import { parsePointer } from '../../../policy/content.ts'

/** One step of declared pointers. */
export interface PlaceNode {
  /** As declared; for messages. */
  readonly pointer: string
  /** Fields whose pointer ends here. */
  readonly fields: readonly string[]
  readonly children: ReadonlyMap<string, PlaceNode>
  /** The child for every element. */
  readonly any: PlaceNode | undefined
}

export interface Declaration {
  /** Of kind Text. */
  readonly fields: readonly string[]
  /** Undefined: no pointers. */
  readonly places: PlaceNode | undefined
  readonly parts: ReadonlyMap<string, Pick<ContentField, 'name' | 'kind'>>
  readonly wholeText: string | undefined
  readonly wholeBinary: string | undefined
  readonly media: ReadonlyMap<string, ContentMedia>
}

export function toDeclaration(content: ModelConnectionContent | undefined, phase: ContentField['phase']): Declaration {
  const fields = (content?.fields ?? []).filter((field) => field.phase === phase)
  const whole = (kind: ContentField['kind']): string | undefined =>
    fields.find((field) => field.body !== undefined && field.kind === kind)?.name
  return {
    fields: fields.filter(({ kind }) => kind === 'Text').map(({ name }) => name),
    places: toPlaces(fields),
    parts: new Map(
      fields.flatMap(({ formPart, name, kind }) => (formPart === undefined ? [] : [[formPart, { name, kind }]])),
    ),
    wholeText: whole('Text'),
    wholeBinary: whole('Binary'),
    media: new Map((content?.media ?? []).map((media) => [media.type, media])),
  }
}

interface Pending {
  readonly name: string
  readonly segments: readonly string[]
}

function toPlaces(fields: readonly ContentField[]): PlaceNode | undefined {
  const pending = fields.flatMap(({ pointer, kind, name }): readonly Pending[] => {
    const segments = pointer === undefined || kind !== 'Text' ? undefined : parsePointer(pointer)
    return segments === undefined ? [] : [{ name, segments }]
  })
  return pending.length === 0 ? undefined : toNode('', pending)
}

function toNode(pointer: string, pending: readonly Pending[]): PlaceNode {
  const deeper = pending.filter(({ segments }) => segments.length > 0)
  const groups = Map.groupBy(deeper, ({ segments: [first = ''] }) => first)
  const children = new Map(
    [...groups].map(([segment, group]) => {
      const rest = group.map(({ name, segments }) => ({ name, segments: segments.slice(1) }))
      return [segment, toNode(`${pointer}/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`, rest)]
    }),
  )
  const any = children.get('*')
  children.delete('*')
  return {
    pointer,
    fields: pending.filter(({ segments }) => segments.length === 0).map(({ name }) => name),
    children,
    any,
  }
}
