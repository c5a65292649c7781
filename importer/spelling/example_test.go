package spelling_test

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

func Example() {
	field := &products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	cells := []string{"1.234", "12,50 €", "", "(3,5)", "7,125", "850 g"} // of the lines from 2 on

	survey := spelling.NewSurvey(field, "Preis", spelling.Settings{})
	for i, cell := range cells {
		survey.Add(cell, int64(i+2))
	}
	format, question := survey.Decide()
	if question != nil {
		fmt.Println(question)
		return
	}
	for _, cell := range cells {
		text, fault := format.Text(cell)
		if fault != nil {
			fmt.Println(fault.Code+":", fault)
			continue
		}
		fmt.Printf("%q is %q\n", cell, text)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(format.Describe()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// "1.234" is "1234.00"
	// "12,50 €" is "12.50"
	// "" is ""
	// "(3,5)" is "-3.50"
	// too_precise: Preis must have at most 2 digits behind the comma, not "7,125"
	// bad_decimal: Preis must be a number without a unit, not "850 g"; "g" is left out if the field declares it
	// {
	//   "number": "1234,50",
	//   "decimal_sign": ",",
	//   "currency": "EUR",
	//   "evidence": "line 3: \"12,50 €\" has 2 digits behind the comma"
	// }
}

func ExampleQuestion() {
	field := &products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	survey := spelling.NewSurvey(field, "Price", spelling.Settings{})
	survey.Add("1,234", 2)
	survey.Add("15", 3)
	_, question := survey.Decide()
	fmt.Println(question)
	fmt.Println(question.Answers)

	survey = spelling.NewSurvey(field, "Price", spelling.Settings{Sign: '.'})
	survey.Add("1,234", 2)
	format, _ := survey.Decide()
	fmt.Println(format.Text("1,234"))
	// Output:
	// the numbers of the column Price can be read in two ways (line 2: "1,234" is 1.234 or 1234): say whether "," or "." stands before the decimals
	// [price=, price=.]
	// 1234.00 <nil>
}
