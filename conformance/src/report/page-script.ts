/** What the page of results does: it shows its data as text, never as markup. @module */

export const SCRIPT = `
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);
const make = (name, text, kind) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
};
$('verdict').textContent = data.verdict;
$('verdict').className = data.isExpected ? 'good' : 'bad';
document.title = data.verdict;
$('ending').textContent = data.ending;
$('counts').textContent = data.counts;
if (data.first) {
  const link = make('a', data.first);
  link.href = '#case-' + data.first;
  const { title } = data.cases.find((each) => each.id === data.first);
  $('first').append(make('b', 'Fix first: '), link, ': ' + title);
}
for (const [name, value] of data.about) $('about').append(make('dt', name), make('dd', value));

const copyButton = (text) => {
  const button = make('button', 'Copy');
  button.type = 'button';
  button.addEventListener('click', async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make('textarea', text);
      document.body.append(area);
      area.select();
      done = document.execCommand('copy');
      area.remove();
    }
    button.textContent = done ? 'Copied' : 'Not copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  return button;
};
const fill = (box, each) => {
  if (box.childElementCount > 1) return;
  if (each.faults.length > 0) {
    const list = make('ul');
    for (const fault of each.faults) list.append(make('li', fault));
    box.append(list);
  }
  for (const id of each.must.slice(0, 2)) box.append(make('p', id + data.rules[id], 'rule'));
  if (each.must.length > 2) box.append(make('p', 'Also about ' + each.must.slice(2).join(', '), 'rule'));
  box.append(make('pre', each.about));
  const command = make('div', undefined, 'command');
  command.append(make('code', each.reproduce), copyButton(each.reproduce));
  box.append(command);
  for (const shot of each.shots) {
    const ran = shot.effects === null ? 'unknown' : shot.effects;
    box.append(make('h2', shot.label + ': ' + shot.outcome + ', handler ran ' + ran + ' of ' + shot.effectsExpected + ', ' + shot.milliseconds + ' ms'));
    box.append(make('pre', shot.sent), make('h2', 'answer'), make('pre', shot.received || '(nothing)'));
  }
};
const rows = data.cases.map((each) => {
  const box = make('details');
  box.id = 'case-' + each.id;
  const head = make('summary');
  head.append(make('b', each.verdict, each.verdict), make('code', each.id), make('span', each.title));
  box.append(head);
  box.addEventListener('toggle', () => { if (box.open) fill(box, each); });
  const words = [each.id, each.group, each.title, each.level, each.about, ...each.must, ...each.faults].join(' ').toLowerCase();
  $('cases').append(box);
  return { each, box, words };
});
const choices = (select, values) => {
  for (const value of [...new Set(values)].sort()) {
    const option = make('option', value);
    option.value = value;
    select.append(option);
  }
};
choices($('verdicts'), data.cases.map((each) => each.verdict));
choices($('groups'), data.cases.map((each) => each.group));
const filter = () => {
  const words = $('query').value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const fits = words.every((word) => row.words.includes(word))
      && ($('verdicts').value === '' || row.each.verdict === $('verdicts').value)
      && ($('groups').value === '' || row.each.group === $('groups').value);
    row.box.hidden = !fits;
    if (fits) shown += 1;
  }
  $('shown').textContent = shown + ' of ' + rows.length;
};
for (const id of ['query', 'verdicts', 'groups']) $(id).addEventListener('input', filter);
const setAll = (open) => { for (const { box } of rows) if (!box.hidden) box.open = open; };
$('unfold').addEventListener('click', () => setAll(true));
$('fold').addEventListener('click', () => setAll(false));
filter();
if (data.first) {
  const box = $('case-' + data.first);
  if (box) box.open = true;
}
`
