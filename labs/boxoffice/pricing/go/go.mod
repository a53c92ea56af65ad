module boxoffice/pricing

go 1.24
