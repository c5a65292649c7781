package products_test

import (
	"fmt"
	"time"

	"github.com/products-importer/products-importer/products"
)

func ExampleNewSchema() {
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "required,gte=0"},
		products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD GBP"})
	if err != nil {
		fmt.Println(err)
		return
	}
	price := schema.Find("price")
	for _, text := range []string{"12.5", "-1", "", "12.505", "twelve"} {
		canonical, broken := price.Parse(text)
		if broken == nil {
			broken = price.Check(canonical)
		}
		if broken != nil {
			fmt.Println(broken.Code, "-", broken.Message)
			continue
		}
		fmt.Println(canonical)
	}

	_, err = products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Rules: "email"})
	fmt.Println(err)
	// Output:
	// 12.50
	// below_minimum - price must not be less than 0, but is -1.00
	// empty - price must not be empty
	// too_precise - price must have no more than 2 digits behind the point: "12.505"
	// bad_decimal - price must be a number, such as 12.5, not "twelve"
	// field 1, "price": the rule "email": it doesn't fit the type decimal
}

func ExampleParseSchema() {
	schema, err := products.ParseSchema([]byte(`{"fields": [
		{"name": "price", "type": "decimal", "scale": 2, "rules": "gte=0", "aliases": ["regular price"]},
		{"name": "tags", "type": "list", "separator": "|", "rules": "max=10,dive,max=50"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, field := range schema.All() {
		fmt.Printf("%s: %v %q\n", field.Name, field.Type, field.Rules)
	}

	_, err = products.ParseSchema([]byte(`{"fields": [{"name": "price", "type": "money"}]}`))
	fmt.Println(err)
	// Output:
	// name: text "required,max=500"
	// description: text "max=65535"
	// status: boolean ""
	// price: decimal "gte=0"
	// tags: list "max=10,dive,max=50"
	// fields: field 1, "price": unknown type "money": want one of text, integer, decimal, boolean, date, timestamp, list
}

func ExampleSchemaOf() {
	type Item struct {
		Code  string    `csv:"code" import:"key"`
		Name  string    `csv:"name"`
		Price string    `csv:"price" validate:"required,gte=0" import:"scale=2,index,aliases=regular price|VK"`
		Stock *int      `csv:"stock" validate:"omitempty,gte=0"`
		Tags  []string  `csv:"tags" import:"sep=|"`
		From  time.Time `csv:"available_from" import:"date"`
	}
	schema, err := products.SchemaOf[Item]()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, field := range schema.Own() {
		fmt.Println(field.Name, field.Type, field.Aliases)
	}
	// Output:
	// price decimal [regular price VK]
	// stock integer []
	// tags list []
	// available_from date []
}

func ExampleField_Canonical() {
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	for _, value := range []products.Value{
		products.TextValue("12.5"), products.IntegerValue(7), products.DecimalValue(1999, 2), products.BooleanValue(true),
	} {
		canonical, err := price.Canonical(value)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(canonical)
	}
	// Output:
	// 12.50
	// 7.00
	// 19.99
	// price must be a number, such as 12.5, not true
}
