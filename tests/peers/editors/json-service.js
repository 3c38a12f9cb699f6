// The JSON support of VS Code with our schema: what it proposes and explains, and that it refuses exactly the documents that
// `qomet check --level schema` refuses, or the schema cannot say why.
//
//     node json-service.js PROGRAM SCHEMA DOCUMENT…

const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');
const { createRequire } = require('module');
const { getLanguageService, TextDocument } = createRequire(path.join(process.env.QOMET_MODULES, 'x.js'))(
  'vscode-json-languageservice',
);

const [program, schema, ...documents] = process.argv.slice(2);
const service = getLanguageService({
  schemaRequestService: async (uri) => fs.readFileSync(new URL(uri), 'utf8'),
  workspaceContext: { resolveRelativePath: (relative, base) => new URL(relative, base).toString() },
});
// As in the README, but for the path of the schema.
service.configure({
  validate: true,
  schemas: [{ fileMatch: ['*.qomet.json'], uri: new URL(`file://${path.resolve(schema)}`).toString() }],
});

const failures = [];
const check = (what, holds, found) => holds || failures.push(`${what}: ${JSON.stringify(found)}`);

const parsed = (text, uri = 'file:///vm.qomet.json') => {
  const document = TextDocument.create(uri, 'jsonc', 1, text);
  return [document, service.parseJSONDocument(document)];
};

// The text without its mark `|`, and where that was.
const at = (marked) => {
  const [document, json] = parsed(marked.replace('|', ''));
  return [document, document.positionAt(marked.indexOf('|')), json];
};

const proposed = async (marked) => (await service.doComplete(...at(marked))).items;
const labels = async (marked) => (await proposed(marked)).map((item) => item.label);
const explained = async (marked) => JSON.stringify((await service.doHover(...at(marked))).contents);
const refused = async (text, uri) =>
  service.doValidation(...parsed(text, uri), { comments: 'ignore', trailingCommas: 'ignore', schemaValidation: 'error' });

// Rules across properties, and what JSON Schema has no words for: as in tests/schema.rs.
const CANNOT_SAY = new Set(['out-of-range', 'not-a-multiple', 'duplicate-property', 'duplicate-member', 'wrong-type']);
const ABOUT_ONE_VALUE = new Set([
  'invalid-id', 'invalid-size', 'missing-id', 'missing-member', 'missing-property', 'missing-type', 'not-a-name',
  'nul-in-path', 'path-too-long', 'unknown-enum-value', 'unknown-member', 'unknown-property', 'unknown-type',
]);

const codes = (file) => {
  const report = (() => {
    try {
      return execFileSync(program, ['check', '--level', 'schema', '--format', 'json', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch (error) {
      return error.stdout;
    }
  })();
  return JSON.parse(report).diagnostics.filter((one) => one.severity === 'error').map((one) => one.code);
};

(async () => {
  const ram = '"qom-type": "memory-backend-ram", "id": "a"';
  check('types', (await labels('[{"qom-type": "|"}]')).includes('"memory-backend-file"'), await labels('[{"qom-type": "|"}]'));
  const names = await proposed(`[{${ram}, |}]`);
  check('properties', names.some((one) => one.label === 'size' && one.documentation), names);
  check('properties that are there', !names.some((one) => one.label === 'id'), names);
  check('values', (await labels(`[{${ram}, "policy": "|"}]`)).join() === '"default","preferred","bind","interleave"', await labels(`[{${ram}, "policy": "|"}]`));
  check('a property', (await explained(`[{${ram}, "pol|icy": "bind"}]`)).includes('NUMA'), await explained(`[{${ram}, "pol|icy": "bind"}]`));
  check('a value', (await explained(`[{${ram}, "policy": "bi|nd"}]`)).includes('given nodes only'), null);
  const named = JSON.stringify({ $schema: `file://${path.resolve(schema)}`, objects: [{ 'qom-type': 'rng-builtin', id: 'a', nonsense: 1 }] });
  const said = await refused(named, 'file:///any.json');
  check('a document that names its schema', said.length === 1 && said[0].message.includes('nonsense'), said);

  let compared = 0;
  for (const file of documents) {
    const text = fs.readFileSync(file, 'utf8');
    const [document, json] = parsed(text);
    const isRead = json.syntaxErrors.length === 0;
    if (!isRead || text.startsWith('\ufeff')) continue;
    const ours = codes(file);
    const theirs = await refused(text);
    compared += 1;
    const cannot = ours.every((code) => CANNOT_SAY.has(code) || !ABOUT_ONE_VALUE.has(code));
    const agree = theirs.length > 0 === ours.length > 0 || (theirs.length === 0 && cannot);
    check(file, agree, { ours, theirs: theirs.map((one) => one.message) });
  }
  check('documents', compared > 100, compared);
  failures.forEach((failure) => console.error(failure));
  console.log(`${compared} documents are judged alike`);
  process.exitCode = failures.length ? 1 : 0;
})();
