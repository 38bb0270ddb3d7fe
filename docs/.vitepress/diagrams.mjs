/** Makes ```mermaid a component: the browser draws it, with the library that the site brings along. */
export default function diagrams(md) {
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index]
    if (token.info.trim() !== 'mermaid') {
      return fence(tokens, index, ...rest)
    }
    return `<Mermaid source="${encodeURIComponent(token.content)}" />`
  }
}
