package catalogtest

import (
	_ "embed"
	"io"
	"strconv"
	"time"

	"github.com/products-importer/products-importer/products"
)

//go:embed fields.json
var fieldsFile []byte

// Schema returns the schema of catalogues with fields: a decimal, an integer, two texts and a date behind the standard
// ones. It is that of the file fields.json.
func Schema() *products.Schema {
	s, err := products.ParseSchema(fieldsFile)
	if err != nil {
		panic(err)
	}
	return s
}

// columns says which columns a catalogue has.
type columns uint8

const (
	standardColumns columns = iota
	fieldColumns
	stockColumns
)

// The headers of the other catalogues.
const (
	fieldsHeader = Header + ",price,stock,brand,ean,available_from"
	stockHeader  = "sku,stock"
)

func (c columns) header() string { return [...]string{Header, fieldsHeader, stockHeader}[c] }

// NewFieldsReader returns the catalogue with the columns of Schema behind its own.
func NewFieldsReader(records int, variant Variant) *Reader {
	return &Reader{records: records, variant: variant, columns: fieldColumns}
}

// NewStockReader returns a file of SKUs and stock: those of the records of Base, in their order, but that of a tenth of
// the SKUs has changed.
func NewStockReader(records int) *Reader {
	return &Reader{records: records, variant: Base, columns: stockColumns}
}

// WriteCleanFields is as WriteClean for the catalogue with fields.
func WriteCleanFields(w io.Writer, records int, variant Variant, mode products.Mode) error {
	r := NewFieldsReader(records, variant)
	r.keep = winners(records, mode)
	_, err := io.Copy(w, r)
	return err
}

// restocked reports whether the file of stock has another stock for the SKU than the catalogue.
func restocked(n int) bool { return mix(uint64(n)^seedStock)%10 == 0 }

// Restocked is how many of the first SKUs of Base, so many, have another stock in the file of stock.
func Restocked(skus int) (n int) {
	for i := range skus {
		if restocked(i) {
			n++
		}
	}
	return n
}

// seedFields and seedStock are as the seeds beside mix.
const (
	seedFields = 0x510e527fade682d1
	seedStock  = 0xcbbb9d5dc1059ed8
)

// firstDay is the earliest day of available_from.
var firstDay = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// stock is that of the record with the random number.
func stock(random uint64) int64 { return int64(random >> 20 & 1023) }

// appendFields appends the fields of the record with the random number, each behind a comma.
func appendFields(b []byte, random uint64) []byte {
	random = mix(random ^ seedFields)
	cents := random % 1_000_000
	b = append(b, ',')
	b = strconv.AppendUint(b, cents/100, 10)
	b = append(b, '.', byte('0'+cents/10%10), byte('0'+cents%10), ',')
	b = strconv.AppendInt(b, stock(random), 10)
	b = append(b, ',')
	b = append(b, words[byte(random>>30)]...)
	b = append(b, " & "...)
	b = append(b, words[byte(random>>38)]...)
	b = append(b, ',')
	b = strconv.AppendUint(b, 4_000_000_000_000+random>>23, 10) // below 2^41
	b = append(b, ',')
	return firstDay.AddDate(0, 0, int(random>>46%2_500)).AppendFormat(b, time.DateOnly)
}

// appendStock appends record i of the file of stock.
func appendStock(b []byte, i int, random uint64) []byte {
	b = appendSKU(b, i, Base)
	b = append(b, ',')
	n, _ := ordinal(i)
	amount := stock(mix(random ^ seedFields))
	if restocked(n) {
		amount++
	}
	b = strconv.AppendInt(b, amount, 10)
	return append(b, "\r\n"...)
}
