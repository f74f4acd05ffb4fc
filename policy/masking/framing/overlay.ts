// JSON pointers laid over what a protocol says of the places of a document: where a pointer leads, the value is masked by its own
// rule, whatever the protocol says of it, and elsewhere nothing changes. The pointers are a trie that is walked along with the document;
// they do not lead into JSON that stands in a string.
import { enter, isKnownName, settle, type MaskPlace, type OverPlace, type Place, type Start } from './place.ts'

export interface PointedField {
  /** Of a JSON pointer; `*` is every element and every member. */
  readonly segments: readonly string[]
  /**
   * For all in the value: strings, names of fields, numbers as they are written, `true` and `false`; what changes becomes a string, and
   * `null` stays, for it is no value. A text that comes in pieces is started once.
   */
  readonly start: Start
}

/** Where several pointers lead to a value or to what it stands in, the first of the list decides. */
export function overlay(root: Place, fields: readonly PointedField[]): Place {
  const trie = makeNode()
  for (const [rank, { segments, start }] of fields.entries()) {
    let node = trie
    for (const segment of segments) node = toChild(node, segment)
    node.rule ??= { rank, mask: { kind: 'Mask', start, keys: true, numbers: true, words: true } }
  }
  return lay(root, [trie], undefined)
}

/** RFC 6901. Undefined: that is no JSON pointer. */
export function parsePointer(text: string): readonly string[] | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/u.test(text)) return undefined
  return text
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

interface Rule {
  readonly rank: number
  readonly mask: MaskPlace
}

interface Node {
  readonly children: Map<string, Node>
  every: Node | undefined
  rule: Rule | undefined
}

function makeNode(): Node {
  return { children: new Map(), every: undefined, rule: undefined }
}

function toChild(node: Node, segment: string): Node {
  if (segment === '*') return (node.every ??= makeNode())
  const child = node.children.get(segment) ?? makeNode()
  node.children.set(segment, child)
  return child
}

/** `nodes` are where pointers may go on from here; `above` is the rule of what the value stands in. */
function lay(base: Place, nodes: readonly Node[], above: Rule | undefined): Place {
  // Something else stands there already, and shows nothing of the value.
  if (base.kind === 'Instead') return base
  const rule = nodes.reduce(stricter, above)
  const open = nodes.filter(({ children, every }) => every !== undefined || children.size > 0)
  if (open.length > 0) return toOverPlace(base, open, rule)
  if (rule === undefined) return base
  return base.kind === 'Keep' || base.kind === 'Mask' ? rule.mask : toOverPlace(base, open, rule)
}

function stricter(rule: Rule | undefined, node: Node): Rule | undefined {
  if (node.rule === undefined) return rule
  return rule === undefined || node.rule.rank < rule.rank ? node.rule : rule
}

function toOverPlace(base: Place, nodes: readonly Node[], rule: Rule | undefined): OverPlace {
  return {
    kind: 'Over',
    enter: (step) => lay(enter(base, step), nodes.length === 0 ? nodes : follow(nodes, String(step)), rule),
    settle: (isString) => {
      const at = settle(base, isString)
      return rule === undefined ? at : decide(at, rule.mask)
    },
    knows: (name) => rule === undefined && isKnownName(base, name),
  }
}

function follow(nodes: readonly Node[], step: string): readonly Node[] {
  const next: Node[] = []
  for (const { children, every } of nodes) {
    const child = children.get(step)
    if (child !== undefined) next.push(child)
    if (every !== undefined) next.push(every)
  }
  return next
}

function decide(at: Place, mask: MaskPlace): Place {
  if (at.kind === 'Instead') return at
  return at.kind === 'String' ? (at.startedBy?.(mask.start) ?? mask) : mask
}
