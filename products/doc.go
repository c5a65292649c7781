// Package products defines what a product is, which SKUs are the same, what a valid product looks like, and the
// contract of the stores that keep products.
//
// A [Store] is made of small parts. [Reader], [Writer] and [Purger] serve clients that handle products one by one;
// [BatchWriter] serves imports, which bring them by the ten thousand:
//
//	a client  -> Product, Patch -> Writer, Reader, Purger
//	an import -> Batch          -> BatchWriter -> BatchResult
//
// A product goes in with what a client can set, and comes back as it is stored:
//
//	p, err := store.Create(ctx, products.Product{SKU: " MUG-1 ", Name: "Mug"})
//	// p.ID is 1, p.SKU is "MUG-1", p.Version is 1
//	name := "Large mug"
//	p, err = store.Update(ctx, p.ID, p.Version, products.Patch{Name: &name})
//	// p.Version is 2; another update of version 1 is an ErrVersion
//	_, err = store.Create(ctx, products.Product{SKU: "MUG-1", Name: "Another mug"})
//	// err is an ErrExists: the SKUs have the same key
//	_, err = store.Create(ctx, products.Product{SKU: "CUP-1"})
//	// err is an ErrInvalid, and a *ValidationError: name is empty
//
// A [Schema] says which fields products have: name, description and status, and those of one's own. It comes from
// [NewSchema], from a fields file ([ParseSchema]) or from the tags of a struct ([SchemaOf]). A [Field] has a [Type], in
// whose canonical text its values are kept, and rules, which are go-playground/validator's tags. What a value is stands
// here once, for files, the API, databases and webhooks: Field.Parse and Field.ParseJSON read it exactly, Field.Check
// checks it against the rules, Field.Compare orders it, and a [Value] writes it. An error of theirs has a stable code
// and a sentence for the owner of a shop:
//
//	price := schema.Find("price")           // a Decimal with 2 digits behind the point, "gte=0"
//	text, err := price.Parse("12.5")        // text is "12.50"
//	err = price.Check("-1.00")              // below_minimum: price must not be less than 0, but is -1.00
//	text, err = price.Parse("12.505")       // too_precise: it is never rounded
//
// Errors are wrapped: test them with errors.Is and errors.As. A [NotifyingStore] notifies of changes, each in its
// transaction.
//
// Package storetest is the suite that every store passes; package adapters/memory has one for applications without a
// database, and package adapters/postgres one for PostgreSQL.
package products
