/** Keeps Vue from taking {{ … }} of a page for an expression: the pages are Markdown, for GitHub as well. */
export default function plain(md) {
  for (const rule of ['text', 'code_inline']) {
    const render = md.renderer.rules[rule]
    md.renderer.rules[rule] = (...args) => render(...args).replaceAll('{{', '&#123;&#123;')
  }
}
