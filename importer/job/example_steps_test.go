package job_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/products-importer/products-importer/importer/job"
)

// A file is stored once, tried out, and then imported with the same settings.
func ExampleService_Rerun() {
	ctx := context.Background()
	service, runner := newImports()
	upload, err := service.Upload(ctx, "fruit.csv", "ann", strings.NewReader("Nr;Title\nA-1;Apple\nA-2;\n"))
	if err != nil {
		panic(err)
	}
	settings := job.Settings{DryRun: true, Map: map[string]string{"sku": "Nr", "name": "Title"}}
	if _, _, err := service.Import(ctx, upload.ID, job.Request{User: "ann", Settings: settings}); err != nil {
		panic(err)
	}
	tried := work(runner)
	fmt.Printf("%s would create %d and reject %d\n", tried.FileName, tried.Event.Created, tried.Event.Rejected)

	if _, _, err := service.Rerun(ctx, tried.ID, func(request *job.Request) error {
		request.User, request.Settings.DryRun = "ann", false
		return nil
	}); err != nil {
		panic(err)
	}
	done := work(runner)
	fmt.Println(done.State, done.Event.Created)
	// Output:
	// fruit.csv would create 1 and reject 1
	// SUCCESS 1
}

// The settings that read one file are proposed for the next one with the same columns.
func ExampleService_FindProfile() {
	ctx := context.Background()
	service, _ := newImports()
	upload := func(text string) job.Upload {
		stored, err := service.Upload(ctx, "", "", strings.NewReader(text))
		if err != nil {
			panic(err)
		}
		return stored
	}
	settings := job.Settings{Map: map[string]string{"sku": "Nr", "name": "Title"}}
	fingerprint, err := service.Fingerprint(ctx, upload("Nr;Title\nA-1;Apple\n").ID, settings)
	if err != nil {
		panic(err)
	}
	if _, err := service.PutProfile(ctx, job.Profile{Name: "Grocer", Settings: settings,
		Fingerprint: fingerprint}); err != nil {
		panic(err)
	}

	preview, err := service.Preview(ctx, upload("nr;TITLE\nB-1;Bread\n").ID, job.Settings{})
	if err != nil {
		panic(err)
	}
	fitting, err := service.FindProfile(ctx, preview.Fingerprint)
	if err != nil {
		panic(err)
	}
	fmt.Println(fitting.Name, fitting.Settings.Map["sku"])
	// Output: Grocer Nr
}
