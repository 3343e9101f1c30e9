"""What differs between platforms: headers now, rewriting later."""
