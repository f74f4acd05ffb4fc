// What one turn of a loop costs: the nodes of its body. Bodies of inner loops are left out; they pay for their own turns.
import type { Node } from '../syntax/ast.ts'

/** Lists and maps are allocated, and the garbage is somebody's work too. */
const allocation: Readonly<Partial<Record<Node['kind'], number>>> = { list: 8, map: 20 }

export function weigh(node: Node): number {
  let weight = 1 + (allocation[node.kind] ?? 0)
  for (const child of childrenOf(node)) weight += weigh(child)
  return weight
}

// oxlint-disable-next-line complexity -- one case per kind of node
function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'literal':
    case 'ident':
    case 'struct':
      return []
    case 'select':
      return [node.target]
    case 'index':
      return [node.target, node.index]
    case 'call':
      return node.target === undefined ? node.args : [node.target, ...node.args]
    case 'list':
      return node.items.map((item) => item.node)
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value])
    case 'loop':
      return [node.range]
    case 'bind':
      return [node.value, node.body]
    case 'optionalMap':
      return [node.target, node.body]
  }
}
