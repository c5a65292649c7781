// Package importer reads product catalogues from CSV files and writes them to a [Store]: half a million records in
// about the time that the database needs to take them, in memory that does not grow with the file.
//
// [Run] has four phases, each a call that takes what those before it returned:
//
//	open     Source -> input: its text, decompressed (package decompress) and in UTF-8 (package charset)
//	plan     the input's beginning -> how it is cut into records (package dialect), what its columns are
//	check    the whole file -> rejects, which record of each SKU counts, which records inherit
//	write    the whole file again -> batches -> Store
//
// Nothing is written before the whole file was checked, so a file that can't be taken leaves no trace. [Check] does
// everything but the last phase, and needs no store. [Preview] does so with a file's beginning, for somebody who wants
// to see how it is read before it is imported; [Begin] only plans, for somebody who is sent a file.
//
// A plan is made once, as far as the options leave it open, and every pass over the file goes by it. [Dialect] in the
// result says what was decided, and why.
//
// Check and write are passes:
//
//	input -> records -> parsers -> survey             check
//	input -> records -> parsers -> batches -> Store   write, with several writers
//
// One goroutine cuts the text into records, one after the other, because which line break ends a record depends on what
// is before it. Parsers run side by side: fields, validation, the SKU's key. What they return is put back into the
// file's order, so what an import does depends on nothing but the file, the options and the store: batches have the
// same records whatever the number of writers, and whatever their pace. In that order, too, records without a name
// inherit from their group, see Options.Group; each pass finds out what they inherit.
//
// Every stage holds a bounded number of blocks or batches and waits for the next one: a slow store slows the reading.
package importer
