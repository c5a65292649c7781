package dialect

import "fmt"

// Damage says why no record could be made of a stretch of lines. It is an error, but for [Intact].
type Damage uint8

const (
	// Intact is none: it is a record.
	Intact Damage = iota
	// BadQuote: a quote is out of place or never closed. The lines up to the next record of a usual width are damaged.
	BadQuote
	// BadBreak: line breaks stand in a field without quotes around it. The lines are one record, which has as many
	// fields as nearly all others have.
	BadBreak
	// TooLong: the record has more bytes than Options.MaxRecordBytes.
	TooLong
	// TooManyFields: the record has more than [MaxFields] fields.
	TooManyFields
)

func (d Damage) Error() string {
	switch d {
	case Intact:
		return "no damage"
	case BadQuote:
		return "a quote is out of place or never closed"
	case BadBreak:
		return "a line break stands in a field without quotes around it"
	case TooLong:
		return "the record is too long"
	case TooManyFields:
		return fmt.Sprintf("the record has more than %d fields", MaxFields)
	}
	return fmt.Sprintf("unknown damage %d", uint8(d))
}
