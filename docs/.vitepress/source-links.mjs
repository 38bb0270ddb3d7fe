import { existsSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'

/**
 * Links that leave the site for the source tree work on GitHub as they are. Here they become links to the repository
 * that package.json names, and plain text when it names none: a site has no other place to send them to.
 */
export default function sourceLinks(md, docs, repository) {
  const root = dirname(docs)
  md.core.ruler.push('source-links', ({ tokens, env }) => {
    for (const token of tokens.filter((t) => t.type === 'inline')) {
      token.children = rewrite(token.children, (href) => target(href, env.path ? dirname(env.path) : docs))
    }
  })

  // undefined: a link within the site, to be left alone. null: nothing to link to.
  function target(href, from) {
    if (/^([a-z][a-z0-9+.-]*:|#|\/)/i.test(href)) {
      return undefined
    }
    const [path, anchor] = decodeURI(href).split('#')
    const file = resolve(from, path)
    const inside = relative(docs, file)
    if (!existsSync(file) || (!inside.startsWith('..') && path.endsWith('.md'))) {
      return undefined
    }
    const kind = statSync(file).isDirectory() ? 'tree' : 'blob'
    if (!inside.startsWith('..') && kind === 'tree' && existsSync(resolve(file, 'README.md'))) {
      return relative(from, file) + '/README.md'
    }
    return repository ? `${repository}/${kind}/main/${relative(root, file)}${anchor ? '#' + anchor : ''}` : null
  }
}

function rewrite(children, target) {
  let dropped = false
  return children.filter((token) => {
    if (token.type === 'link_open') {
      const to = target(token.attrGet('href'))
      dropped = to === null
      if (to) {
        token.attrSet('href', to)
      }
      return !dropped
    }
    return !(token.type === 'link_close' && dropped)
  })
}
