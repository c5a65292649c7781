// Package spelling reads the cells of a file's column as values of a [products.Field], however the column spells them:
// 1.234,50 € and 1,234.50, 28.11.2026 and 11/28/2026, WAHR and yes. What comes of a cell is the canonical text that
// [products.Type] describes.
//
// A [Survey] looks at the cells of a column. What it has seen decides for a [Format], which reads each of them, or
// leaves a [Question]:
//
//	survey.Add(cell, line) ──► survey.Decide() ─┬─► *Format ──► format.Read(dst, cell)
//	                                            └─► *Question: to the user, whose answer is in Settings
//
// Nothing is guessed. The first cell that can be read in one way only decides for its column, and is named as evidence:
//
//	field price, a decimal of scale 2      field from, a date
//	line 2: 1.234                          line 2: 01/02/2026
//	line 3: 12,50 €                        line 3: 28/11/2026
//	line 3 has 2 digits behind the comma   line 3 has a day that is no month, in front
//	so line 2 is 1234.00                   so line 2 is 2026-02-01
//
// A column of 1,234 and 5,678 could have either sign before the decimals, and asks; the field's scale and type are no
// evidence. So does one of 01/02/2026 and 03/04/2026. A column of 01.02.2026 and 03.04.2026 doesn't: dates with points
// have the day first, unless one of them can't. Years of two digits are 1969 to 2068, and stand in front only if the
// first number is no day, or if hyphens are between: 26-11-28 asks whether it is of 2026 or of 2028.
//
// A survey needn't see all of a column. The format that it decides for then has no evidence of some kinds: no number
// has a sign, no date needs an order, no amount has a currency. A cell that brings the first evidence of its kind is a
// [Fault] that is Undecided: the caller surveys the whole column, decides once more, and reads all of it again. The
// parts of a file can be surveyed at the same time, and then be merged.
package spelling
