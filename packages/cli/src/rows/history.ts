import type { HistoryRow } from '@mica/engine';
import { ago, humanSize, localStamp, shortId, truncate } from '../format.ts';
import { shownText } from '../image-path.ts';
import type { List, Row } from '../list.ts';

/** docker's row of a step of an image. */
interface Step extends Row {
  readonly Author: string;
  readonly Comment: string;
  readonly CreatedAt: string;
  readonly CreatedBy: string;
  readonly CreatedSince: string;
  readonly ID: string;
  readonly Size: string;
}

/** docker's columns, and who made it. */
export function historyList(human: boolean): List<Step> {
  return {
    type: 'formatter.HistoryContext',
    headers: {
      Author: 'AUTHOR',
      Comment: 'COMMENT',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      CreatedSince: 'CREATED',
      ID: 'IMAGE',
      Size: 'SIZE',
    },
    columns: ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Author', 'Comment'],
  };
}

/** `terminal`: what the image says of itself is shown there, and could drive it. */
export function historyRow(
  row: HistoryRow,
  { human, whole, terminal }: { human: boolean; whole: boolean; terminal: boolean },
): Step {
  const shown = (text: string) => (terminal ? shownText(text.replace(/[\t\n\r]+/g, ' '), terminal) : text);
  const createdBy = shown(row.createdBy).replaceAll('\t', ' ');
  return {
    Author: shown(row.author),
    Comment: shown(row.comment),
    CreatedAt: localStamp(row.created),
    CreatedBy: whole ? createdBy : truncate(createdBy, 45),
    CreatedSince: ago(row.created),
    ID: row.id === '<missing>' || whole ? row.id : shortId(row.id),
    Size: human ? humanSize(row.size) : String(row.size),
  };
}
