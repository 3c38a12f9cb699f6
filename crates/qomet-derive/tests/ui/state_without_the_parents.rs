use qomet::prelude::*;

struct DeviceState;
struct PrinterState;

/// Has a switch.
#[derive(Object)]
#[object(name = "device", abstract, state = DeviceState)]
struct Device {}

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer", abstract, state = PrinterState)]
struct Printer {
    #[object(parent)]
    base: Device,
}

types! {
    fn all = [Device, Printer];
}

fn main() {}
