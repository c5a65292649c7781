// The settings of an import, as JSON has them, and as the query of a preview and of this page's addresses.

const assignments = ['map', 'set', 'number', 'date'];
const lists = ['leave_out', 'scope'];
const plain = ['mode', 'extra', 'delimiter', 'encoding', 'quote', 'header', 'group', 'zone', 'max_rejects',
  'missing', 'max_missing'];

// clean returns the settings that this page knows, without those that say nothing.
export function clean(settings) {
  const kept = {};
  for (const name of plain) {
    if ((settings?.[name] ?? '') !== '') kept[name] = settings[name];
  }
  for (const name of lists) {
    if (settings?.[name]?.length > 0) kept[name] = [...settings[name]];
  }
  for (const name of assignments) {
    if (Object.keys(settings?.[name] ?? {}).length > 0) kept[name] = { ...settings[name] };
  }
  return kept;
}

// queryOf writes settings as a query: map=price=Preis.
export function queryOf(settings) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(clean(settings))) {
    if (assignments.includes(name)) {
      for (const [field, to] of Object.entries(value)) query.append(name, `${field}=${to}`);
    } else {
      for (const one of [value].flat()) query.append(name, one);
    }
  }
  return query;
}

// settingsOf is the other way round. What it doesn't know it leaves out.
export function settingsOf(query) {
  const settings = {};
  for (const [name, value] of query) {
    const at = value.indexOf('=');
    if (plain.includes(name)) settings[name] = value;
    else if (lists.includes(name)) (settings[name] ??= []).push(value);
    else if (assignments.includes(name) && at > 0) (settings[name] ??= {})[value.slice(0, at)] = value.slice(at + 1);
  }
  return settings;
}

// withSetting returns the settings with one changed; null or '' unsets it. of names a field, where there is one value
// for each.
export function withSetting(settings, name, value, of = null) {
  const next = clean(settings);
  const unset = (value ?? null) === null;
  if (of === null) {
    if (unset || value === '') delete next[name];
    else next[name] = value;
    return next;
  }
  next[name] = { ...next[name] };
  if (unset) delete next[name][of];
  else next[name][of] = value;
  return clean(next);
}

// columnReference returns how a setting names a column: by its name, or by its number where that isn't one name alone.
export function columnReference(column, columns) {
  const { name } = column;
  const plainName = name && name.length <= 1000 && name === name.trim() && !/^\d+$/.test(name) && name !== 'none';
  const twice = columns.some((c) => c !== column && c.name?.trim().toLowerCase() === name?.toLowerCase());
  return plainName && !twice ? name : String(column.column);
}

// withColumn returns the settings with a column given to a field, or to none for ''. fields are the preview's.
export function withColumn(settings, column, field, { columns }) {
  let next = settings;
  if (column.field) next = withSetting(next, 'map', 'none', column.field);
  if (field) {
    next = withSetting(next, 'map', columnReference(column, columns), field);
    next = withSetting(next, 'set', null, field);
  }
  return next;
}

// isKept tells whether a column that goes to no field is kept with the product all the same.
const isKept = (column) => column.use === 'attribute';

// unclaimed are the columns of a preview that go to no field.
export const unclaimed = ({ columns }) => columns.filter((c) => !c.field && (isKept(c) || c.use === 'ignored'));

// withKept returns the settings with one column kept as it is, or left out, and the others as they are.
export function withKept(settings, column, keep, preview) {
  const all = [...new Set([...unclaimed(preview), column])];
  const stay = all.filter((c) => c === column ? keep : isKept(c));
  const out = all.filter((c) => !stay.includes(c));
  let next = withSetting(settings, 'leave_out', null);
  if (settings.extra === 'reject' && !keep) {
    const named = [...settings.leave_out ?? [], columnReference(column, preview.columns)];
    return withSetting(next, 'leave_out', named);
  }
  next = withSetting(next, 'extra', stay.length > 0 ? 'keep' : null);
  return stay.length === 0 ? next :
    withSetting(next, 'leave_out', out.map((c) => columnReference(c, preview.columns)));
}

// consistent returns the settings without leaving out what they take, and without bounds for what is missing where that
// is kept.
export function consistent(settings) {
  const taken = new Set([...Object.values(settings.map ?? {}), settings.group]);
  const kept = !settings.missing || settings.missing === 'keep';
  return clean({ ...settings, ...(kept && { missing: null, max_missing: null, scope: null }),
    leave_out: (settings.leave_out ?? []).filter((name) => !taken.has(name)) });
}

// merged returns the settings of now with what differs between those that somebody saw and those that they made of them:
// who chooses twice before the server has answered means both.
export function merged(now, seen, made) {
  const all = { ...now };
  for (const name of plain) if (made[name] !== seen[name]) all[name] = made[name];
  for (const name of assignments) {
    all[name] = { ...now[name] };
    for (const of of Object.keys({ ...seen[name], ...made[name] })) {
      const to = made[name]?.[of];
      if (to === undefined) delete all[name][of];
      else if (to !== seen[name]?.[of]) all[name][of] = to;
    }
  }
  for (const name of lists) {
    const [is, had, has] = [now, seen, made].map((one) => new Set(one[name]));
    all[name] = [...new Set([...is, ...has])].filter((one) => (had.has(one) === has.has(one) ? is : has).has(one));
  }
  return clean(all);
}
