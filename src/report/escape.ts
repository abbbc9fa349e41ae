const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Text for HTML, inside elements and quoted attributes.
 *
 * @example escapeHtml('<b a="1">') // => '&lt;b a=&quot;1&quot;&gt;'
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/**
 * A script's text for a script element: no string in it can end the element or open a comment in it.
 *
 * @example inlineScript('a = "</SCRIPT><!--"') // => 'a = "<\\/SCRIPT><\\!--"'
 */
export function inlineScript(text: string): string {
  return text.replace(/<(?=\/script|!--)/gi, '<\\');
}

/**
 * JSON that can stand inside a script element: nothing in it can end the element, open a comment or break a line.
 *
 * @example scriptJson('</script>') // => '"\\u003c/script>"'
 */
export function scriptJson(value: unknown): string {
  const escapes: Record<string, string> = { '<': '\\u003c', '\u2028': '\\u2028', '\u2029': '\\u2029' };
  return JSON.stringify(value).replace(/[<\u2028\u2029]/g, (character) => escapes[character]);
}
