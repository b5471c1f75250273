//! Rolling features: the declared schema and the kernels that compute it. Pure: values in, values out.
